#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""seed_requests.py FOLDER CA: what fuzz_request begins with; CA: where the authority of its requests is written, as PEM."""
import base64
import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.evidence import Box, Custodian, archive, seal  # pylint: disable=wrong-import-position
from tests.rtcc import make_certs  # pylint: disable=wrong-import-position

with tempfile.TemporaryDirectory() as folder:
    certs = make_certs(Path(folder) / "certs")
    jane = Custodian(certs)
    request = jane.request()
    picture = {"reads/" + "0a" * 16 + "/crop_0.jpg": b"not a picture"}
    window = jane.payload(plate=None, **{"from": "2027-01-15T07:00:00.5Z", "to": "2027-01-15T08:00:00Z"})
    two = [jane.der, base64.b64decode("".join((certs / "ca.crt").read_text().splitlines()[1:-1]))]
    seeds = {
        "J": request.encode(),
        "H": json.dumps({"alg": "ES256", "typ": "t", "x5c": [base64.b64encode(d).decode() for d in two]}).encode(),
        "C": b"".join(len(d).to_bytes(2, "big") + d for d in two),
        "C-1": len(jane.der).to_bytes(2, "big") + jane.der,
        "P": json.dumps(jane.payload()).encode(), "P-window": json.dumps(window).encode(),
        "E": base64.urlsafe_b64decode(seal(b"x", jane).split(".")[0] + "=="),
        "A": archive(Box().files(jane, request, [{"passage": "0a" * 16}], picture)),
        "A-small": archive({**{n: b"" for n in ("manifest.json", "manifest.sig", "request.jws", "certificate.txt", "audit.jsonl", "box.key")},
                            **picture}),
    }
    for name, data in seeds.items():
        (Path(sys.argv[1]) / f"{name}-{hashlib.sha256(data).hexdigest()[:8]}").write_bytes(name[0].encode() + data)
    shutil.copy(certs / "ca.crt", sys.argv[2])

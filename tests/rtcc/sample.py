# SPDX-License-Identifier: Apache-2.0
"""A hit as the box builds it (hotlist/hit.c), for tests of what carries and what receives it."""
import base64
import hashlib
import json

TIME = "2026-01-31T23:59:59.123Z"
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40 + b"\xff\xd9"


def image(role: str, camera: str, picture: bytes = JPEG) -> dict:
    return {"role": role, "camera": camera, "captured": TIME, "quad": [1, 2, 3, 2, 3, 4, 1, 4], "media_type": "image/jpeg",
            "bytes": len(picture), "sha256": hashlib.sha256(picture).hexdigest(),
            "data_base64": base64.b64encode(picture).decode()}


def hit(number: int) -> dict:
    """The hit of passage `number`; valid against hit.schema.json."""
    return {
        "specversion": "1.0", "id": f"{number:032x}", "source": "urn:alpr:site:test", "type": "org.alpr.hit.v1", "time": TIME,
        "datacontenttype": "application/json", "dataschema": "urn:alpr:schema:hit:v1",
        "data": {
            "notice": "Investigative lead only, not an identification. A match alone is no ground for a stop.",
            "verify_required": True,
            "verify": ["plate text against both images", "jurisdiction against the images",
                       "vehicle year, make, model and colour against the entry and the images",
                       "entry is still active: confirm with NCIC and the entering agency"],
            "site": {"name": "test", "latitude": 38.6, "longitude": -90.2},
            "passage": {"first": TIME, "last": TIME, "best": TIME}, "decided": TIME, "degraded": False,
            "angles": [{"camera": c, "present": True, "confidence": 0.9, "captured": TIME} for c in ("left", "right")],
            "read": {"text": "TEST01", "confidence": 0.9, "chars": [0.9] * 6, "jurisdiction": "MO", "alternatives": []},
            "match": {"grade": "EXACT", "matched": "TEST01", "entries": [{
                "grade": "EXACT", "category": "V", "lic": "TEST01", "printed": "TEST01", "lis": "MO", "lit": "PC",
                "case_number": "V123456789", "ori": "MO0000000", "entered": None, "expires": TIME, "list_version": 1,
                "vehicle": {"year": None, "make": None, "model": None, "style": None, "colour": None}}]},
            "list": {"version": 1, "issued": TIME, "age_s": 1, "max_age_s": 86400, "signer": "0" * 64},
            "images": [image(role, camera) for role in ("crop", "scene") for camera in ("left", "right")],
        },
    }


def body(number: int) -> bytes:
    return json.dumps(hit(number)).encode()

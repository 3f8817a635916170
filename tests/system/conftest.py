# SPDX-License-Identifier: Apache-2.0
"""What tests of several modules stand on: certificates, made once a module, and an RTCC with them."""
import pytest

from tests.rtcc import Rtcc, make_certs


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    return make_certs(tmp_path_factory.mktemp("certs"))


@pytest.fixture
def rtcc(tmp_path, certs):
    with Rtcc(tmp_path / "rtcc", certs) as r:
        yield r

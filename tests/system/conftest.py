# SPDX-License-Identifier: Apache-2.0
"""What tests of several modules stand on: certificates, made once a module, an RTCC with them, and a hotlist."""
import pytest

from tests.rtcc import Rtcc, make_certs
from tests.system.store_role import make_list


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    return make_certs(tmp_path_factory.mktemp("certs"))


@pytest.fixture
def rtcc(tmp_path, certs):
    with Rtcc(tmp_path / "rtcc", certs) as r:
        yield r


@pytest.fixture
def hotlist(tmp_path, certs):
    """Section [hotlist] with a good list of version 5."""
    return {"path": make_list(tmp_path, certs, 5), "key": certs / "hotlist.pub"}

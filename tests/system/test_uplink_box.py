# SPDX-License-Identifier: Apache-2.0
"""The uplink as a part of the whole box: hotlists come in by it, certificates are renewed under it."""
import shutil
import signal
import subprocess
import time

from tests.box import Box, build_folder


def bundle(folder, rtcc, version, signer="hotlist"):
    """The bytes of a signed hotlist of one entry."""
    source, raw, signed = folder / "wanted.csv", folder / "list.raw", folder / "list.alpb"
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    source.write_text(f"lic,lis,lit,category,case_number,ori,expires\nQX1Z9Z,MO,PC,V,26-000001,MO0950000,{day}\n")
    tool = build_folder() / "bin/alpr-hotlist"
    for words in (["compile", "--in", source, "--out", raw, "--version", str(version), "--max-age", "86400"],
                  ["sign", "--key", rtcc.certs / f"{signer}.key", "--in", raw, "--out", signed]):
        subprocess.run([tool, *words], check=True, stdout=subprocess.DEVNULL)
    return signed.read_bytes()


def quiet_box(folder, rtcc, **uplink):
    """A box on an empty street that asks for the hotlist all the time."""
    return Box(folder / "box", {
        "camera": {"driver": "sim", "passages": 0, "rate": 1, "seed": 1},
        "hotlist": {"key": rtcc.certs / "hotlist.pub"},
        "uplink": {**rtcc.uplink(hotlist_poll_s=0.3, retry_min_s=0.1, retry_max_s=0.5), **uplink},
    })


def in_force(box):
    return box.counters("store").get("list_version", 0)


def test_hotlists_come_in_by_the_uplink(tmp_path, rtcc):
    with quiet_box(tmp_path, rtcc) as box:
        box.wait_running()
        assert in_force(box) == 0
        rtcc.publish(bundle(tmp_path, rtcc, 5))
        box.wait(lambda b: in_force(b) == 5, 20, "version 5")
        asked = len(rtcc.requests("/v1/hotlist"))
        for wrong in (bundle(tmp_path, rtcc, 6, "hotlist-other"), bundle(tmp_path, rtcc, 4), b"", b"garbage" * 1000,
                      bundle(tmp_path, rtcc, 7)[:-1]):
            rtcc.publish(wrong)
            time.sleep(1.5)
            assert in_force(box) == 5
        assert box.counters("uplink")["hotlist_accepted"] == 1 and "refuse" in box.log.read_text()
        assert len(rtcc.requests("/v1/hotlist")) - asked < 25
        rtcc.publish(bundle(tmp_path, rtcc, 8))
        box.wait(lambda b: in_force(b) == 8, 5, "version 8") # the refused ones have not made it deaf
        assert box.stop() == 0
    # and it is still there without an RTCC
    rtcc.stop()
    with box:
        box.wait(lambda b: in_force(b) == 8, 20, "the list kept on disk")


def delta(folder, old, new):
    """What turns bundle `old` into `new`, by the RTCC's own tool."""
    for name, data in (("old", old), ("new", new)):
        (folder / name).write_bytes(data)
    tool = build_folder() / "bin/alpr-hotlist"
    subprocess.run([tool, "delta", folder / "old", folder / "new", "--out", folder / "delta"], check=True, stdout=subprocess.DEVNULL)
    return (folder / "delta").read_bytes()


def test_what_is_published_is_in_force_within_five_seconds(tmp_path, rtcc):
    """With the defaults: a whole list, then deltas; and a box that was off goes on from the list it has."""
    lists = [bundle(tmp_path, rtcc, version) for version in (1, 2, 3, 4)]
    with quiet_box(tmp_path, rtcc, hotlist_poll_s=60) as box:
        box.wait_running()
        box.wait(lambda b: b.status()["uplink"]["state"] == "ok", 20, "the RTCC to be reached")
        time.sleep(2) # the RTCC keeps the question now
        rtcc.publish(lists[0])
        box.wait(lambda b: in_force(b) == 1, 5, "the first list")
        for i in (1, 2):
            rtcc.publish(lists[i], {lists[i - 1]: delta(tmp_path, lists[i - 1], lists[i])})
            box.wait(lambda b: in_force(b) == i + 1, 5, "the next list")
        assert box.stop() == 0
    with box:
        box.wait_running()
        box.wait(lambda b: b.status()["uplink"]["state"] == "ok", 20, "the RTCC to be reached")
        time.sleep(2)
        rtcc.publish(lists[3], {lists[2]: delta(tmp_path, lists[2], lists[3])})
        box.wait(lambda b: in_force(b) == 4, 5, "the list that came after a restart")
    assert [r["status"] for r in rtcc.requests("/v1/hotlist") if r["status"] not in (304, 404)] == [200, 226, 226, 226]


def test_renewed_certificate_is_taken_on_reload(tmp_path, rtcc):
    own = tmp_path / "own"
    own.mkdir()

    def install(device):
        for kind in ("crt", "key"):
            shutil.copy(rtcc.certs / f"{device}.{kind}", own / f"new.{kind}")
            (own / f"new.{kind}").rename(own / f"box.{kind}")

    install("expired-device")
    with quiet_box(tmp_path, rtcc, certificate=own / "box.crt", key=own / "box.key") as box:
        box.wait_running()
        box.wait(lambda b: b.status()["uplink"]["state"] == "degraded", 10, "a refusal of the old certificate")
        before = {role: s["pid"] for role, s in box.status().items()}
        assert box.counters("uplink")["certificate_days"] < 0
        install("device")
        time.sleep(1)
        assert box.status()["uplink"]["state"] == "degraded"
        box.daemon.send_signal(signal.SIGHUP)
        box.wait(lambda b: b.status()["uplink"]["state"] == "ok", 15, "the new certificate to be taken")
        assert {r for r, s in box.status().items() if s["pid"] != before[r]} == {"uplink"}
        assert box.status()["uplink"]["restarts"] == 0
        assert box.counters("uplink")["certificate_days"] > 365

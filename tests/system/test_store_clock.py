# SPDX-License-Identifier: Apache-2.0
"""
Retention on a clock that lies: the real store on a machine whose clocks the test winds. What each test shows is in the table of
tests/README.md, "Retention and the clock, case by case".
"""
import time

import pytest

from tests.system.lying_clock import DAY, HOUR, SECOND, Clock, build, utc
from tests.system.roles import status
from tests.system.store_role import Store

Y1970, Y2099 = 100 * SECOND, utc("2099-01-01T00:00:00")


class Pole:
    """One box: its clock, and the store that runs on it, started anew at each power_on."""

    def __init__(self, preload, folder, wall: int = None):
        self.folder, self.clock, self.store = folder, Clock(preload, folder, wall), None

    def start(self, **env) -> Store:
        self.store = Store(self.folder, env={**self.clock.env, **env}, retention_days=90)
        return self.store

    def off(self, off: int, **clock) -> Store:
        assert self.store.stop() == 0
        self.store.__exit__()
        self.clock.power_on(off, **clock)
        return self.start()

    def says(self, what: str) -> None:
        """Until the status says so, beside what else it says."""
        self.store.wait(lambda c: what in c["detail"], 5, f"the status to say '{what}'")

    def trusts(self) -> None:
        """Until it doubts nothing."""
        self.store.wait(lambda c: "wall clock" not in c["detail"], 5, "the doubt to end")

    def aged(self, ns: int, looked: bool = False) -> None:
        """The oldest read is so old, by the ring's clock, and still there once the store has looked for what is due: it did when it started."""
        self.store.wait(lambda c: abs(c.get("oldest_s", 0) * SECOND - ns) < 60 * SECOND, 5, f"the read to be {ns / DAY} days old")
        time.sleep(0 if looked else 1.1)
        assert self.store.one("SELECT count(*) FROM passage") == 1

    def purged(self) -> None:
        self.store.wait(lambda c: c.get("purged") == 1 and c["periods"] == 0, 5, "the purge")
        assert self.store.one("SELECT count(*) FROM audit WHERE what = 'purge-keys' AND outcome = 'done'") == 1

    def synchronise(self) -> None:
        """What device says as soon as chrony is content."""
        self.store.parent.send(status("device", counters={"clock_synchronised": 1}))

    def __enter__(self):
        self.start().accept("ABC123")
        return self

    def __exit__(self, *_):
        self.store.__exit__()


@pytest.fixture(scope="session")
def preload(tmp_path_factory):
    return build(tmp_path_factory.mktemp("clock") / "clock.so")


@pytest.fixture
def pole(preload, tmp_path):
    with Pole(preload, tmp_path) as p:
        yield p


def test_a_clock_that_jumps_while_it_runs(pole):
    pole.clock.set(Y1970)
    pole.says("retention goes by elapsed time")
    pole.clock.elapse(45 * DAY)
    pole.aged(45 * DAY)
    pole.clock.set(Y2099)
    pole.says("retention goes by elapsed time")
    pole.clock.elapse(44 * DAY + 22 * HOUR)
    pole.aged(89 * DAY + 22 * HOUR)
    pole.clock.elapse(2 * HOUR)
    pole.purged()


def test_a_clock_set_wrong_while_it_runs_is_no_time_at_the_next_boot(pole):
    pole.clock.set(pole.clock.shows() + 100 * DAY)
    pole.says("s off: retention goes by elapsed time")
    pole.off(HOUR)
    pole.says("s off: retention goes by elapsed time")
    pole.aged(HOUR, looked=True)
    pole.off(HOUR, shows=pole.clock.shows() - 100 * DAY + HOUR)
    pole.aged(2 * HOUR, looked=True)
    pole.trusts()


@pytest.mark.parametrize("synchronised", [False, True])
def test_off_for_an_hour(pole, synchronised):
    pole.off(HOUR, synchronised=synchronised)
    pole.aged(HOUR, looked=True)
    pole.trusts()


@pytest.mark.parametrize("days", [21, 89])
def test_off_for_long_but_nothing_is_due(pole, days):
    pole.off(days * DAY)
    pole.says(f"says that the box was off for {days * 24} h, which nothing confirms")
    assert pole.store.state["oldest_s"] < 60
    pole.synchronise()
    pole.aged(days * DAY)
    pole.trusts()


def test_what_fell_due_while_it_was_off_goes_before_the_first_read_is_taken(pole):
    """Passages wait for the store when it starts."""
    for i in range(200):
        pole.store.accept(f"DEF{i:04}")
    s = pole.off(91 * DAY, synchronised=True)
    idents = [s.passage(f"GHI{i:04}") for i in range(5)]
    assert [s.answer(ident) for ident in idents] == [1] * 5
    # The key was gone before the first of them was sealed.
    gone, = s.rows("SELECT at_ns, outcome, json_extract(detail, '$.passages') FROM audit WHERE what = 'purge-keys'")
    assert gone[1:] == ("done", 201) and gone[0] < s.one("SELECT min(stored_ns) FROM passage")
    assert s.plates() == [f"GHI{i:04}" for i in range(5)]
    pole.trusts()


@pytest.mark.parametrize("confirmed", [True, False])
def test_what_nobody_vouches_for_waits_a_day(pole, confirmed):
    pole.off(91 * DAY)
    pole.says("off for 2184 h, which nothing confirms: nothing is purged on it, and no read is given out")
    pole.clock.elapse(23 * HOUR)
    pole.aged(23 * HOUR)
    if confirmed:
        pole.synchronise()
    else:
        pole.clock.elapse(HOUR)
    pole.purged()
    pole.trusts()


def test_off_for_500_days(pole):
    pole.off(500 * DAY, synchronised=True)
    pole.says("which nothing confirms")
    pole.clock.elapse(23 * HOUR)
    pole.aged(23 * HOUR)
    pole.clock.elapse(HOUR)
    pole.purged()


@pytest.mark.parametrize("off", [HOUR, 91 * DAY])
def test_the_battery_of_the_clock_is_dead(pole, off):
    now = pole.clock.shows() + off
    pole.off(off, shows=Y1970)
    pole.says("how long the box was off is unknown: no read is given out")
    pole.clock.elapse(25 * HOUR)
    pole.aged(25 * HOUR)
    pole.clock.set(now + 25 * HOUR)
    pole.synchronise()
    if off > 90 * DAY:
        pole.purged()
    else:
        pole.aged(26 * HOUR)
    pole.trusts()


@pytest.mark.parametrize("ahead", [100 * DAY, Y2099])
def test_a_clock_set_forward_by_mistake_and_put_right(pole, ahead):
    """Before the box was started; 2099 is not believed however long it stands there."""
    now = pole.clock.shows() + HOUR
    pole.off(HOUR, shows=ahead if ahead == Y2099 else now + ahead)
    pole.says("which nothing confirms")
    noticed = (23 if ahead < Y2099 else 30) * HOUR
    pole.clock.elapse(noticed)
    pole.aged(noticed)
    pole.clock.set(now + noticed)
    pole.aged(noticed + HOUR)
    pole.trusts()


def test_a_week_without_network_time(pole):
    pole.synchronise()
    pole.store.parent.send(status("device", state="clock", counters={"clock_synchronised": 0}))
    for _ in range(7):
        pole.clock.elapse(DAY)
        time.sleep(0.05)
    pole.aged(7 * DAY)
    pole.trusts()
    pole.clock.elapse(82 * DAY + 22 * HOUR)
    pole.aged(89 * DAY + 22 * HOUR)
    pole.clock.elapse(2 * HOUR)
    pole.purged()


@pytest.mark.parametrize("wall", ["2027-03-14T07:30:00", "2027-11-07T06:30:00", "2028-02-28T23:30:00"])
def test_neither_summer_time_nor_a_leap_day_is_anything_to_it(preload, tmp_path, wall):
    """In Saint Louis the hour of 2027-03-14T08:00Z is left out, that of 2027-11-07T06:00Z comes twice."""
    with Pole(preload, tmp_path, utc(wall)) as p:
        p.store.kill()
        p.store.__exit__()
        s = p.start(TZ="America/Chicago")
        p.clock.elapse(2 * HOUR)
        assert 0 <= s.one("SELECT max(at_ns) FROM audit WHERE what = 'start'") - utc(wall) < 10 * SECOND
        p.clock.elapse(89 * DAY + 20 * HOUR)
        p.aged(89 * DAY + 22 * HOUR)
        p.trusts()
        p.clock.elapse(2 * HOUR)
        p.purged()

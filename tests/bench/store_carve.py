# SPDX-License-Identifier: Apache-2.0
"""Whether what the store has purged can be found by who has the disk: the real role keeps reads that are known, days pass, and its
files, the image of its disk and a copy from before are searched (tests/carve). And whether the search would find them."""
import os
import random
import shutil
import sqlite3
import string
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy

from tests.carve.carving import WRAPPED, Keystore, Needles, wrapped_at
from tests.hardware import Tpm
from tests.system import wire
from tests.system.evidence_desk import Desk, EvidenceStore
from tests.system.store_role import Store, make_list
from tests.truth import kept

DAY = 86400 * 10**9
WANTED_EVERY = 10  # of so many reads one is a hit


def plates(n: int, seed: int) -> list:
    """Texts that stand nowhere by chance."""
    rng = random.Random(seed)
    return ["".join(rng.choice(string.ascii_uppercase + string.digits) for _ in range(7)) for _ in range(n)]


def jpeg(rng, width: int, height: int) -> bytes:
    done, data = cv2.imencode(".jpg", rng.integers(0, 256, (height, width), numpy.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert done
    return data.tobytes()


class Reads:
    """`n` of them, with all that is known of them."""

    def __init__(self, n: int, seed: int):
        rng = numpy.random.default_rng(seed)
        self.texts = plates(2 * n, seed)  # the read, and an alternative to it
        self.hits = [i for i in range(n) if i % WANTED_EVERY == 0]
        self.pictures = [[jpeg(rng, 128, 56), jpeg(rng, 128, 56)] + ([jpeg(rng, 200, 120)] * 1 if i in self.hits else [])
                         for i in range(n)]

    def __len__(self):
        return len(self.pictures)

    def all_pictures(self) -> list:
        return [jpeg for pictures in self.pictures for jpeg in pictures]

    def send(self, store: Store, i: int) -> bytes:
        m, _ = wire.passage(self.texts[2 * i], pictures=())
        m.read.n_alternatives = 2
        m.read.alternatives[1] = wire.PlateSpelling(self.texts[2 * i + 1].encode(), 0.4)
        gift = b""
        for kind, data in enumerate(self.pictures[i]):
            m.pictures[kind] = wire.WireSpan(len(gift), len(data))
            gift += data
        return store.give(m, gift)

    def keep(self, store: Store, numbers) -> None:
        for i in numbers:
            assert store.answer(self.send(store, i)) == 1


def pass_days(data: Path, days: int) -> None:
    """So long was the box off, says the ring's clock (firmware/store/elapsed.h)."""
    db = sqlite3.connect(data / "reads.db")
    db.execute("UPDATE state SET value = value + ? WHERE name = 'clock_ring'", (days * DAY,))
    db.commit()
    db.close()


def damage(data: Path) -> None:
    """One page of it; what else is in it can be saved (firmware/store/salvage.h)."""
    db = sqlite3.connect(data / "reads.db")
    page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'passage'").fetchone()[0]
    size = db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    with open(data / "reads.db", "r+b") as f:
        f.seek((page - 1) * size)
        f.write(b"\x5a" * size)


def keep_plainly(folder: Path, reads: Reads) -> None:
    """The same in plain SQLite, and deleted there: what a store would leave that knows no more than DELETE."""
    folder.mkdir()
    db = sqlite3.connect(folder / "plain.db")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE read(id INTEGER PRIMARY KEY, plate TEXT, other TEXT, crop_0 BLOB, crop_1 BLOB, scene BLOB)")
    for i, pictures in enumerate(reads.pictures):
        db.execute("INSERT INTO read VALUES(?, ?, ?, ?, ?, ?)",
                   (i, reads.texts[2 * i], reads.texts[2 * i + 1], *pictures, *[None] * (3 - len(pictures))))
        db.commit()
    db.execute("DELETE FROM read")
    db.commit()
    for name in ("plain.db", "plain.db-wal"):
        shutil.copy(folder / name, folder / f"copy-of-{name}")
    db.close()


def plant(file: Path, needles: Needles, every: int) -> list:
    """Write every one in `every` forms of what is looked for into bytes of no meaning, at odd places; their names."""
    names = list(needles.bytes)[::every]
    with open(file, "wb") as f:
        for name in names:
            f.write(os.urandom(1 + int.from_bytes(os.urandom(1), "little")) + needles.bytes[name])
        f.write(os.urandom(100))
    return names


def blindness(work: Path, reads: Reads, needles: Needles) -> float:
    """How much of what is there the carver finds, in percent: what plain SQLite leaves, and what was planted."""
    keep_plainly(work / "plain", reads)
    found = needles.carve(work, work / "plain")
    there = len(reads.texts) + len(reads.all_pictures())
    seen = len(found.of("plate")) + len(found.of("image"))
    planted = plant(work / "planted", needles, 7)
    # Across the border between two of the carver's blocks.
    with open(work / "border", "wb") as f:
        f.truncate(4 << 20)
        f.seek((4 << 20) - 3)
        f.write(reads.texts[0].encode())
    found = needles.carve(work, work / "planted", work / "border")
    seen += sum(name in found.where for name in planted) + any(path.endswith("border") for path, _ in found.where["plate:0:plain"])
    shutil.rmtree(work / "plain")
    return 100 * seen / (there + len(planted) + 1)


class Scene:
    """One store's life: reads that are to go, a kill, a damaged database, a copy of its disk, days off, reads that stay."""

    def __init__(self, work: Path, disk: Path, certs: Path, tpm: Tpm = None, n: int = 60):
        self.work, self.disk, self.data, self.tpm, self.certs = Path(work), Path(disk), Path(disk) / "data", tpm, certs
        self.disk.mkdir(exist_ok=True)
        self.old, self.new = Reads(n, 1), Reads(6, 2)
        wanted = [(self.old.texts[2 * i], "MO", "V") for i in self.old.hits]
        self.hotlist = {"path": make_list(self.work, certs, 5, wanted=wanted), "key": certs / "hotlist.pub", "cooldown_s": 60}
        self.conf = {"retention_days": 30, "path": self.data}
        self.conf |= {"keystore": "tpm2", "keystore_device": f"device:{tpm.device}"} if tpm else {}
        self.desk = Desk(certs)
        self.needles, self.ids, self.keys = None, set(), set()

    def store(self) -> EvidenceStore:
        return EvidenceStore(self.work, self.certs, self.hotlist, **self.conf)

    def keystore(self, data: Path = None) -> Keystore:
        path = (data or self.data) / "keystore"
        return Keystore("tpm2", path, f"device:{self.tpm.device}") if self.tpm else Keystore("file", path)

    def keep_old(self) -> None:
        """A third, and the process is killed; a day, a third, pulls of evidence, and the database is damaged; a day, a third; and 20
        days later what stays."""
        third = len(self.old) // 3
        with self.store() as s:
            self.old.keep(s, range(third))
            assert s.hit() is not None
            s.kill()
        self.note_keys()
        pass_days(self.data, 1)
        with self.store() as s:
            self.old.keep(s, range(third, 2 * third))
            s.hit_done(s.hit()[0])
            s.wait(lambda c: c["hits_acknowledged"] == 1, 10, "the acknowledgement")
            for text in self.old.texts[:2 * third:2][-2:]: # plates that a custodian names, and is given
                assert s.pull(self.desk, self.desk.request(plate=text)).plates == [text]
            assert s.stop() == 0
        self.note_keys()
        pass_days(self.data, 1)
        damage(self.data)
        with self.store() as s:
            self.old.keep(s, range(2 * third, len(self.old)))
            assert s.stop() == 0
        assert list(self.data.glob("quarantine-*")), "the damaged database was not put aside"
        self.note_keys()
        assert len(self.ids) >= 3
        pass_days(self.data, 20)
        with self.store() as s:
            self.new.keep(s, range(3))
            assert s.stop() == 0

    def living(self) -> set:
        """Periods that have a key."""
        db = sqlite3.connect(f"file:{self.data}/reads.db?mode=ro", uri=True)
        try:
            return {row[0] for row in db.execute("SELECT id FROM period")}
        finally:
            db.close()

    def note_keys(self) -> None:
        """All there are now: what is purged later is among them."""
        self.ids |= self.living()
        for keys in self.keystore().keys(self.data).values():
            self.keys |= set(keys)
        self.needles = Needles(self.old.texts, self.old.all_pictures(), sorted(self.keys))
        self.needles.mark()

    def purge(self) -> None:
        stays = len(self.living() - self.ids)
        pass_days(self.data, 15)
        with self.store() as s:
            s.wait(lambda c: c["periods"] == stays and not list(self.data.glob("quarantine-*")), 20, "the purge")
            self.new.keep(s, range(3, len(self.new)))
            # As it lies while the store runs: database, WAL, index of the WAL, reserve, keystore.
            self.running = self.carve(self.disk)
            assert s.one("SELECT count(*) FROM passage") == len(self.new)
            assert s.stop() == 0
        if not self.tpm: # what lives is there, and opens
            assert [row["read"]["plate"] for row in kept(self.data)] == self.new.texts[::2]

    def carve(self, *paths):
        return self.needles.carve(self.work, *paths, more={"wrapped": WRAPPED})

    def opens(self, found) -> tuple:
        """(periods purged, periods that live) of which a wrapped key that was found opens with the keys of now."""
        opened = self.keystore().opens(wrapped_at(found), self.ids | self.living())
        return len(opened & self.ids), len(opened - self.ids)

    def copy_opens(self, copy: Path) -> int:
        """How many keys of the copy's periods the keys of today open."""
        file = copy / "keystore"
        if not self.tpm:
            shutil.copy(self.data / "keystore", file)
        return len(self.keystore(copy).keys(copy)["period"])


def judge(bars, name: str, found, purged_open: int) -> None:
    bars.at_most(f"{name}_plates", len(found.of("plate")), "found", 0)
    bars.at_most(f"{name}_images", len(found.of("image")) + len(found.of("mark")), "found", 0)
    bars.at_most(f"{name}_keys", len(found.of("key")) + purged_open, "found", 0)
    for kind in ("plate", "image", "mark", "key"):
        places = sorted({(where.split(":")[0] + ":" + where.split(":")[2] if kind == "plate" else kind, path)
                         for where, at in found.where.items() if where.startswith(f"{kind}:") for path, _ in at})
        for what, path in places[:10]:
            print(f"# {name}: {what} in {path}", flush=True)


def live(bars, work: Path, certs: Path, disk=None, tpm: bool = False, n: int = 60) -> None:
    """One scene and its bars. `disk`: an image of its own (store_disk.Disk), searched whole afterwards."""
    name = "store_carve_tpm" if tpm else "store_carve_file"
    with ExitStack() as stack:
        chip = stack.enter_context(Tpm(work / "tpm")) if tpm else None
        if chip:
            chip.plug_in()
        scene = Scene(work, disk.folder / "box" if disk else work / "box", certs, chip, n)
        scene.keep_old()
        copy = work / "copy"
        shutil.copytree(scene.data, copy)
        before = scene.carve(copy)
        opened = scene.opens(before)[0]
        if not tpm:
            bars.at_least("store_carver_finds", blindness(work, scene.old, scene.needles), "%", 100)
            # A root key in a file lies open: before it is destroyed the carver must see it, and what it opens.
            assert before.of("key") and opened > 0, "the carver is blind to keys"
        scene.purge()
        after = scene.carve(scene.disk)
        purged, living = scene.opens(after)
        assert living > 0, "the carver is blind to wrapped keys"
        for kind in ("plate", "image", "mark", "key"):
            for where in scene.running.where:
                if where.startswith(f"{kind}:"):
                    after.where.setdefault(where, scene.running.where[where])
        print(f"# {name}: {len(scene.old)} reads, {len(scene.needles.bytes)} forms of {len(scene.old.texts)} plates, "
              f"{len(scene.old.all_pictures())} pictures, {len(scene.keys)} keys; {after.looked_at} bytes of files",
              flush=True)
        judge(bars, name, after, purged)
        bars.at_most(f"{name}_copy", scene.copy_opens(copy), "keys", 0)
        if disk:
            whole(bars, name, scene, disk, tpm)


def whole(bars, name: str, scene: Scene, disk, tpm: bool) -> None:
    disk.unmount()
    found = scene.carve(disk.image)
    disk.mount()
    purged, _ = scene.opens(found)
    print(f"# {name}: {found.looked_at} bytes of disk, {len(found.where.get('wrapped', []))} wrapped keys in it", flush=True)
    if tpm:
        judge(bars, f"{name}_disk", found, purged)
        return
    # What a file system and flash leave of a file that was written over is promised by nobody: said, not judged.
    print(f"# {name}: on the disk {len(found.of('plate'))} plates, {len(found.of('image'))} images, {len(found.of('key'))} keys, "
          f"{purged} purged keys that open", flush=True)

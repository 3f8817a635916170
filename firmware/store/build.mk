# SPDX-License-Identifier: Apache-2.0
# store_conf: what the parent needs to check a configuration. store_box: what the sandbox probe needs. store: the rooms.
# The role itself is the files of the program, so that tests can link every room without it.
LIBRARIES += store_conf store_box store
store_conf.src := firmware/store/conf.c
store_box.src  := firmware/store/box.c
store.src  := $(addprefix firmware/store/,arrival.c audit.c audit_line.c audit_sign.c audit_walk.c cooldown.c db.c db_open.c db_holes.c door.c elapsed.c intake.c keep.c list.c list_record.c lookup.c outbox.c \
	period.c ring.c salvage.c schema.c seal.c sender.c space.c text.c upkeep.c)
# What both ends of an evidence pull read and write.
store.src  += $(addprefix firmware/store/,request.c authenticity.c)
# And what the box alone does of it.
store.src  += $(addprefix firmware/store/,archive.c manifest.c pulls.c retrieve.c tar.c)
store.src  += $(addprefix firmware/store/,counters.c statement.c verdict.c)
store.pkgs := sqlite3 libcjson
# What a purge took, and what none destroys.
store.src  += $(addprefix firmware/store/,purge.c secret.c)

PROGRAMS += libexec/alprd-store
libexec/alprd-store.src  := $(addprefix firmware/store/,store.c clock.c passages.c requests.c verdicts.c status.c)
libexec/alprd-store.libs = store store_conf store_box hit hotlist site wire board jose $(keystore_libs) clock_quality base

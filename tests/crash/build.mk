# SPDX-License-Identifier: Apache-2.0
# crash: the store's rooms on a disk that forgets, fails and fills up (make crash).
PROGRAMS += test/crash/crash
test/crash/crash.src  := $(addprefix tests/crash/,campaign.c work.c book.c months.c pulls.c box.c vfs.c disk.c posix.c)
test/crash/crash.libs = store store_conf site hit lists hotlist_tool hotlist jose $(keystore_libs) base
test/crash/crash.pkgs := sqlite3
test/crash/crash.ldlibs := $(foreach f,rename renameat unlink unlinkat fsync malloc calloc realloc,-Wl,--wrap=$(f))

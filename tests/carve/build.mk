# SPDX-License-Identifier: Apache-2.0
# carve: searches raw bytes for what is known; keys: what a keystore opens of a store's keys, which is what there is to search for.
PROBES += test/carve/carve test/carve/keys
test/carve/carve.src := tests/carve/carve.c
test/carve/keys.src  := tests/carve/keys.c
test/carve/keys.libs := store $(keystore_libs) base

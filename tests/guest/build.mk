# SPDX-License-Identifier: Apache-2.0
# pair_cost: what a pair of pictures costs vision; in a guest that counts instructions, in instructions.
PROBES += test/pair_cost
test/pair_cost.src  := tests/guest/pair_cost.c
test/pair_cost.libs := eyes vision vision_conf ocr_dnn ocr wire base

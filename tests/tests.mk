# SPDX-License-Identifier: Apache-2.0
#   make check-unit          the unit tests alone (cmocka)
#   make asan, make tsan     the unit tests built with sanitisers

.PHONY: check-unit
check-unit: $(patsubst %,$(B)/%,$(UNIT))
	@set -e; for t in $^; do echo "== $$t"; $$t; done

# SPDX-License-Identifier: Apache-2.0
# Small programs that pytest drives to see what the code behind them does.
PROBES += test/probe/hit_json
test/probe/hit_json.src  := tests/probe/hit_json.c
test/probe/hit_json.libs := hits hit lists hotlist_tool hotlist crypt base

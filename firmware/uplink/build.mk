# SPDX-License-Identifier: Apache-2.0
# The configuration is a library of its own: the parent checks it without linking libcurl.
LIBRARIES += uplink_conf
uplink_conf.src := firmware/uplink/conf.c

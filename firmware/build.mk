# SPDX-License-Identifier: Apache-2.0
# wire: the messages and the ritual that every role links.
LIBRARIES += wire site
wire.src := firmware/wire.c firmware/role.c
# site: section [site], for whoever reads it.
site.src := firmware/site.c

# status_json: statuses as JSON, for control's answers and uplink's heartbeats.
LIBRARIES += status_json
status_json.src    := firmware/status_json.c
status_json.ldlibs := -lcjson

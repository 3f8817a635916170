# SPDX-License-Identifier: Apache-2.0
ifeq ($(CONFIG_CONTROL),y)
PROGRAMS += bin/alprctl
bin/alprctl.src    := $(addprefix firmware/ctl/,ctl.c ask.c status.c counters.c selftest.c audit.c audit_file.c evidence.c evidence_pull.c)
bin/alprctl.src    += $(addprefix firmware/ctl/,counters_report.c report.c report_load.c report_csv.c report_json.c)
bin/alprctl.src    += $(addprefix firmware/ctl/evidence_,request.c open.c archive.c verify.c page.c)
bin/alprctl.libs   := control_conf store store_conf site wire jose hit hotlist crypt base
bin/alprctl.ldlibs := -lcjson
endif

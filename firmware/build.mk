# SPDX-License-Identifier: Apache-2.0
# wire: the messages and the ritual that every role links.
LIBRARIES += wire
wire.src := firmware/wire.c firmware/role.c

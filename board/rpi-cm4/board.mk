# SPDX-License-Identifier: Apache-2.0
include board/arm64/arm64.mk

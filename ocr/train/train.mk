# SPDX-License-Identifier: Apache-2.0
#   make train [PHOTOS=folder] every model again, in build/host/train/ (hours); without photos on renderings alone
#   make train-reader          one of them: the reader; MINUTES=n or STEPS=n, SEED=n, START=checkpoint.pt, QUADS=corners.json
#   make train-state           the network that tells the state; MINUTES, STEPS, SEED, START as above
#   make train-tesseract       the second reader; the same, START=plate.traineddata.pt
#   make ship MODEL=file       put a trained model into ocr/models, its hash onto the card, its report into ocr/train/reports
#   make calibrate             fit ocr/calibration.h to the shipped models, on held-out photos where there are some, else renderings
#   make check-train           the tests of the trainings and of the models' card
#
# A training NAME is a target train-NAME that leaves in $(TRAINED)/NAME/ the model, MODEL.json and report/ (both as
# ocr/train/report.py says), and stands in TRAININGS. Plates of the simulator are made on demand: $(call plates,us-51-12000) is
# the file to depend on for 12,000 US plates of seed 51.
TRAINED   ?= $(B)/train
TRAININGS := reader state tesseract
MINUTES   ?= 60
SEED      ?= 1

plates = $(1:%=$(TRAINED)/plates/%/plates.tsv)
TRAIN  = --seed $(SEED) $(if $(STEPS),--steps $(STEPS),--minutes $(MINUTES)) $(if $(PHOTOS),--photos '$(PHOTOS)')

.PHONY: train train-deps calibrate check-train ship $(TRAININGS:%=train-%)
train: $(TRAININGS:%=train-%)

train-deps:
	@sh board/deps.sh board/$(BOARD)/packages ocr/train/packages

$(TRAINED)/plates/%/plates.tsv: | $(B)/bin/alpr-sim
	@mkdir -p $(@D)
	$(Q)set -- $(subst -, ,$*) && $(B)/bin/alpr-sim plates --style $$1 --seed $$2 --count $$3 --dirt 0.3 --frames 0.35 --out $(@D)

READER_PLATES ?= us-31-12000 eu-32-3000 us-51-12000 eu-52-5000
train-reader: train-deps $(call plates,$(READER_PLATES))
	@mkdir -p $(TRAINED)/reader
	$(PYTHON) ocr/train/read_train.py $(TRAIN) $(if $(QUADS),--quads '$(QUADS)') $(if $(START),--start '$(START)') \
		$(READER_PLATES:%=--sim $(TRAINED)/plates/%) $(READER_MORE) --out $(TRAINED)/reader/read.onnx --report $(TRAINED)/reader/report

train-state: train-deps
	@mkdir -p $(TRAINED)/state
	$(PYTHON) ocr/train/state_train.py $(TRAIN) $(if $(START),--start '$(START)') $(STATE_MORE) --out $(TRAINED)/state/state.onnx \
		--report $(TRAINED)/state/report
# From nothing in one go; about as long again from START=build/host/train/tesseract/plate.traineddata.pt.
TESSERACT_PLATES ?= us-41-9000 eu-42-2500
train-tesseract: train-deps $(call plates,$(TESSERACT_PLATES))
	@mkdir -p $(TRAINED)/tesseract
	$(PYTHON) ocr/train/tesseract_train.py $(TRAIN) $(if $(QUADS),--quads '$(QUADS)') $(if $(START),--start '$(START)') \
		$(TESSERACT_PLATES:%=--sim $(TRAINED)/plates/%) $(TESSERACT_MORE) --out $(TRAINED)/tesseract/plate.traineddata \
		--report $(TRAINED)/tesseract/report

ship:
	@$(PYTHON) ocr/train/ship.py $(or $(MODEL),$(error ship: MODEL=build/host/train/reader/read.onnx)) ocr/models ocr/train/reports

calibrate: all $(B)/test/bench/places $(if $(PHOTOS),,$(call plates,us-91-600 eu-92-300))
	$(PYTHON) ocr/train/calibrate.py --build $(B) $(if $(PHOTOS),--photos '$(PHOTOS)',$(foreach d,us-91-600 eu-92-300,--sim $(TRAINED)/plates/$d)) --write

check-train: all train-deps $(B)/test/bench/places $(B)/test/bench/engines
	@ALPR_BUILD=$(CURDIR)/$(B) $(PYTEST) tests/train

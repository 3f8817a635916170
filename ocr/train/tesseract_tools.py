# SPDX-License-Identifier: Apache-2.0
"""Tesseract's own tools around a work folder: an alphabet, a file to put weights in, a file to run, a second opinion."""
import os
import re
import struct
import subprocess

import tesseract_lines as lines
import tesseract_net as net

LANGUAGE = "plate"
CALM = dict(os.environ, OMP_THREAD_LIMIT="1")


def run(*command):
    """The command's output; a failure shows its last lines."""
    done = subprocess.run(command, env=CALM, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stdout[-800:]}")
    return done.stdout


def seal(path):
    """A checksum for the version, the last component: ocr/tesseract.c takes no file without."""
    with open(path, "rb") as f:
        data = f.read()
    components, = struct.unpack_from("<I", data)
    last, = struct.unpack_from("<q", data, 4 + 8 * (components - 1))
    if components != 24 or last < 0:
        raise SystemExit("tesseract_tools: this Tesseract has another kind of file")
    total = 0xcbf29ce484222325
    for byte in data[:last]:
        total = ((total ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    with open(path, "wb") as f:
        f.write(data[:last] + b"plate 1 fnv1a64 %016x" % total)


class Tools:
    """Tesseract's own tools around a work folder: a file to put the weights in, a file to run, a second opinion."""

    def __init__(self, work, some_lines):
        self.work = work
        given = os.path.join(work, "alphabet")
        os.makedirs(given, exist_ok=True)
        text = os.path.join(given, "alphabet.txt")
        with open(text, "w", encoding="ascii") as f:
            f.write("\n".join(lines.ALPHABET) + "\n")
        run("unicharset_extractor", "--output_unicharset", os.path.join(given, "unicharset"), "--norm_mode", "1", text)
        with open(os.path.join(given, "radical-stroke.txt"), "w", encoding="ascii") as f:
            f.write("4E00\t1 1.0\n")  # must be there and hold something, whatever the alphabet
        run("combine_lang_model", "--input_unicharset", os.path.join(given, "unicharset"), "--script_dir", given, "--output_dir",
            work, "--lang", LANGUAGE, "--pass_through_recoder")
        self.starter = os.path.join(work, LANGUAGE, LANGUAGE + ".traineddata")
        listed = self.listed(some_lines, "first")
        base = os.path.join(work, "empty")
        if os.path.exists(base + "_checkpoint"):
            os.remove(base + "_checkpoint")  # or it would go on from there
        said = run("lstmtraining", "--traineddata", self.starter, "--train_listfile", listed, "--model_output", base,
                   "--net_spec", net.SPEC, "--max_iterations", "1")
        if f"null char={net.NULL}\n" not in said:
            raise SystemExit("tesseract_tools: this Tesseract has another order of classes")
        run("lstmtraining", "--stop_training", "--continue_from", base + "_checkpoint", "--traineddata", self.starter,
            "--model_output", base + ".traineddata")
        run("combine_tessdata", "-e", base + ".traineddata", base + ".lstm")
        with open(base + ".lstm", "rb") as f:
            self.template = f.read()

    def listed(self, some_lines, name):
        path = os.path.join(self.work, name)
        with open(path + ".list", "w", encoding="utf-8") as f:
            f.write(lines.write(some_lines, path) + "\n")
        return path + ".list"

    def freeze(self, model, out):
        """The model as a traineddata with whole numbers for weights, as the product runs it."""
        path = os.path.join(self.work, LANGUAGE + ".lstm")
        with open(path, "wb") as f:
            f.write(net.fill(self.template, model))
        run("lstmtraining", "--stop_training", "--convert_to_int", "--continue_from", path, "--traineddata", self.starter,
            "--model_output", out + ".new")
        seal(out + ".new")
        os.replace(out + ".new", out)

    def evaluate(self, traineddata, listed):
        """Character error and text error by Tesseract itself, percent."""
        said = run("lstmeval", "--model", traineddata, "--eval_listfile", listed, "--verbosity", "0")
        found = re.search(r"BCER eval=([\d.]+), BWER eval=([\d.]+)", said)
        return [float(found.group(1)), float(found.group(2))] if found else None

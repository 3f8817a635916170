# SPDX-License-Identifier: Apache-2.0
"""A board's kernel: each driver it needs is in its configuration, and its overlays fit its device tree. Nothing is built but
device trees; Debian's linux source is fetched once (150 MB) and kept."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("DEPS", f"{ROOT}/build/deps") + "-linux")
LINUX = FOLDER / "linux"

# What must be alive in each board's tree: compatible string, how often, the driver's source, the option that compiles it.
EVERYWHERE = [("infineon,slb9670", 1, "drivers/char/tpm/tpm_tis_spi_main.c", "TCG_TIS_SPI")]
NEEDED = {
    "rk3399": [
        *EVERYWHERE,
        ("sony,imx296lq", 2, "drivers/media/i2c/imx296.c", "VIDEO_IMX296"),
        ("rockchip,rk3399-cif-isp", 2, "drivers/media/platform/rockchip/rkisp1/rkisp1-dev.c", "VIDEO_ROCKCHIP_ISP1"),
        ("rockchip,rk3399-mipi-dphy-rx0", 1, "drivers/phy/rockchip/phy-rockchip-dphy-rx0.c", "PHY_ROCKCHIP_DPHY_RX0"),
        ("rockchip,rk3399-mipi-dsi", 1, "drivers/gpu/drm/rockchip/dw-mipi-dsi-rockchip.c", "ROCKCHIP_DW_MIPI_DSI"),
        ("rockchip,iommu", None, "drivers/iommu/rockchip-iommu.c", "ROCKCHIP_IOMMU"),
        ("pwm-gpio", 1, "drivers/pwm/pwm-gpio.c", "PWM_GPIO"),
        ("rockchip,gpio-bank", 5, "drivers/gpio/gpio-rockchip.c", "GPIO_ROCKCHIP"),
        ("snps,dw-wdt", 1, "drivers/watchdog/dw_wdt.c", "DW_WATCHDOG"),
        ("rockchip,rk808", 1, "drivers/mfd/rk8xx-i2c.c", "MFD_RK8XX_I2C"),
        ("rockchip,rk3399-tsadc", 1, "drivers/thermal/rockchip_thermal.c", "ROCKCHIP_THERMAL"),
        ("rockchip,rk3066-spi", 1, "drivers/spi/spi-rockchip.c", "SPI_ROCKCHIP"),
        ("rockchip,rk3399-i2c", None, "drivers/i2c/busses/i2c-rk3x.c", "I2C_RK3X"),
        ("rockchip,rk3399-gmac", 1, "drivers/net/ethernet/stmicro/stmmac/dwmac-rk.c", "DWMAC_ROCKCHIP"),
        ("arasan,sdhci-5.1", 1, "drivers/mmc/host/sdhci-of-arasan.c", "MMC_SDHCI_OF_ARASAN"),
        ("rockchip,rk3399-pcie", 1, "drivers/pci/controller/pcie-rockchip-host.c", "PCIE_ROCKCHIP_HOST"),
    ],
    "rpi-cm4": [
        *EVERYWHERE,
        ("sony,imx296ll", 2, "drivers/media/i2c/imx296.c", "VIDEO_IMX296"),
        ("brcm,bcm2835-unicam", 2, "drivers/media/platform/broadcom/bcm2835-unicam.c", "VIDEO_BCM2835_UNICAM"),
        ("brcm,bcm2835-pwm", 1, "drivers/pwm/pwm-bcm2835.c", "PWM_BCM2835"),
        ("brcm,bcm2711-gpio", 1, "drivers/pinctrl/bcm/pinctrl-bcm2835.c", "PINCTRL_BCM2835"),
        ("brcm,bcm2835-pm-wdt", 1, "drivers/mfd/bcm2835-pm.c", "BCM2835_WDT"),
        ("nxp,pcf85063a", 1, "drivers/rtc/rtc-pcf85063.c", "RTC_DRV_PCF85063"),
        ("i2c-mux-pinctrl", 1, "drivers/i2c/muxes/i2c-mux-pinctrl.c", "I2C_MUX_PINCTRL"),
        ("brcm,bcm2711-thermal", 1, "drivers/thermal/broadcom/bcm2711_thermal.c", "BCM2711_THERMAL"),
        ("brcm,bcm2835-spi", 1, "drivers/spi/spi-bcm2835.c", "SPI_BCM2835"),
        ("brcm,bcm2711-genet-v5", 1, "drivers/net/ethernet/broadcom/genet/bcmgenet.c", "BCMGENET"),
        ("brcm,bcm2711-emmc2", 1, "drivers/mmc/host/sdhci-iproc.c", "MMC_SDHCI_IPROC"),
        ("brcm,bcm2711-pcie", 1, "drivers/pci/controller/pcie-brcmstb.c", "PCIE_BRCMSTB"),
    ],
}
# Further drivers that no node names: a child of the power chip, of the watchdog's parent, of the media graph.
BOTH = ["BINFMT_ELF", "GPIO_CDEV", "RTC_INTF_DEV", "WATCHDOG_HANDLE_BOOT_ENABLED", "UDMABUF", "DMABUF_HEAPS_CMA", "SECCOMP_FILTER",
        "SECURITY_LANDLOCK", "DM_VERITY", "DM_CRYPT", "EXT4_FS", "SQUASHFS_ZSTD"]
BESIDE = {"rk3399": ["RTC_DRV_RK808", "PWM", *BOTH], "rpi-cm4": BOTH}
LINES = {"alpr-lamp", "alpr-lamp-fault", "alpr-door", "alpr-trigger"}


class Tree:
    """A compiled device tree, as dtc writes it out again."""

    def __init__(self, path: Path):
        text = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", path], text=True, capture_output=True, check=True).stdout
        self.nodes, at = {}, []
        for line in map(str.strip, text.splitlines()):
            if line.endswith("{"):
                at.append(line[:-1].strip().strip("/"))
                self.nodes["/".join(at)] = {}
            elif line == "};":
                at.pop()
            elif at and line.endswith(";"):
                name, _, value = line[:-1].partition(" = ")
                self.nodes["/".join(at)][name] = value

    def strings(self, node: str, name: str) -> list:
        return self.nodes[node].get(name, "").strip('"').replace('", "', "\\0").split("\\0")

    def alive(self, node: str) -> bool:
        """Neither it nor anything above it is switched off."""
        parts = node.split("/")
        return all(self.nodes["/".join(parts[:n])].get("status", '"okay"') == '"okay"' for n in range(1, len(parts) + 1))

    def compatible(self, name: str) -> list:
        return [n for n in self.nodes if name in self.strings(n, "compatible") and self.alive(n)]

    def by_phandle(self, handle: str) -> str:
        return next(n for n, p in self.nodes.items() if p.get("phandle") == handle)


def kernel(*words: str, script: Path = ROOT / "board/kernel.sh", **environment) -> subprocess.CompletedProcess:
    return subprocess.run(["sh", script, *map(str, words)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
                          env={**os.environ, **environment}, check=False)


@pytest.fixture(scope="module", params=sorted(NEEDED))
def made(request, tmp_path_factory):
    out = tmp_path_factory.mktemp(request.param)
    done = kernel("dtbs", request.param, FOLDER, out)
    assert done.returncode == 0, done.stdout[-4000:]
    return request.param, out, Tree(out / f"{request.param}.dtb"), (out / "kernel.config").read_text().splitlines()


def test_each_line_of_the_fragments_is_in_the_configuration(made):
    board, _, _, config = made
    for fragment in ("arm64", board):
        for line in (ROOT / f"board/{fragment}/kernel.config").read_text().splitlines():
            absent = re.fullmatch(r"# (CONFIG_\w+) is not set", line)
            if absent:
                assert not any(c.startswith(absent[1] + "=") for c in config), line
            elif line.startswith("CONFIG_"):
                assert line in config, line
    assert "CONFIG_VIRTIO_BLK=y" not in config  # that is for --virt


def test_each_device_has_its_driver(made):
    board, _, tree, config = made
    for name, count, source, option in NEEDED[board]:
        found = tree.compatible(name)
        assert len(found) == count if count else found, f"{name}: {found}"
        assert f'"{name}"' in (LINUX / source).read_text(), f"{source} does not know {name}"
        assert f"CONFIG_{option}=y" in config or f"CONFIG_{option}=m" in config, option
    for option in BESIDE[board]:
        assert f"CONFIG_{option}=y" in config or f"CONFIG_{option}=m" in config, option


def test_the_cameras_are_wired_both_ways(made):
    board, _, tree, _ = made
    receivers = set()
    for camera in tree.compatible("sony,imx296lq") + tree.compatible("sony,imx296ll"):
        endpoint = f"{camera}/port/endpoint"
        there = tree.by_phandle(tree.nodes[endpoint]["remote-endpoint"])
        assert tree.by_phandle(tree.nodes[there]["remote-endpoint"]) == endpoint
        assert tree.nodes[endpoint]["data-lanes"] == tree.nodes[there]["data-lanes"] == "<0x01>"
        assert tree.alive(there)
        receivers.add(re.search(r"/((isp|csi)[^/]*)/", there)[1])
        clock = tree.nodes[tree.by_phandle(tree.nodes[camera]["clocks"])]
        assert int(clock["clock-frequency"].strip("<>"), 16) in (37125000, 54000000, 74250000)  # what the driver takes
    assert receivers == ({"isp0@ff910000", "isp1@ff920000"} if board == "rk3399" else {"csi@7e800000", "csi@7e801000"})


def test_the_lines_of_the_pole_have_names(made):
    _, _, tree, _ = made
    names = [name for node in tree.nodes for name in tree.strings(node, "gpio-line-names")]
    assert {n for n in names if n.startswith("alpr-")} == LINES
    assert len([n for n in names if n.startswith("alpr-")]) == len(LINES)


def test_board_c_names_these_lines_and_cameras(made):
    board, _, tree, _ = made
    text = (ROOT / f"board/{board}/board.c").read_text()
    for name in LINES - {"alpr-trigger"}:
        assert f'"{name}"' in text
    # libcamera names a camera by its node's path; camera 0 is the one that the README calls so.
    ids = re.search(r"camera_ids = {([^}]*)}", text)[1]
    for name, receiver in zip(re.findall(r'"/base([^"]*)"', ids), ("isp0@ff910000", "isp1@ff920000") if board == "rk3399" else
                              ("csi@7e800000", "csi@7e801000"), strict=True):
        assert receiver in tree.by_phandle(tree.nodes[f"{name}/port/endpoint"]["remote-endpoint"])


@pytest.fixture(name="copy")
def fixture_copy(tmp_path, made):
    """A copy of board/ to break; the source and its tools are those of the real one."""
    shutil.copytree(ROOT / "board", tmp_path / "board")
    return made[0], tmp_path / "board", tmp_path


@pytest.mark.parametrize("made", ["rk3399"], indirect=True)
def test_an_option_that_does_not_exist_is_an_error(copy):
    board, folder, tmp = copy
    with open(folder / board / "kernel.config", "a", encoding="ascii") as f:
        f.write("CONFIG_VIDEO_OF_TOMORROW=m\n# CONFIG_NET is not set\n")
    done = kernel("config", board, tmp / "work", tmp / "out", script=folder / "kernel.sh", KERNEL_SOURCE=str(LINUX))
    assert done.returncode == 1
    assert "asked for, but not in the configuration: CONFIG_" in done.stdout and "CONFIG_VIDEO_OF_TOMORROW=m" in done.stdout
    assert not (tmp / "out/kernel.config").exists()


@pytest.mark.parametrize("made", ["rk3399"], indirect=True)
def test_an_overlay_that_does_not_fit_is_an_error(copy):
    board, folder, tmp = copy
    overlay = folder / board / "tpm.dtso"
    overlay.write_text(overlay.read_text().replace("&spi", "&spy"))
    shutil.copytree(FOLDER / board / "scripts", tmp / "work" / board / "scripts", symlinks=True)
    done = kernel("dtbs", board, tmp / "work", tmp / "out", script=folder / "kernel.sh", KERNEL_SOURCE=str(LINUX))
    assert done.returncode == 1 and "kernel: applying the overlays failed" in done.stdout
    assert not (tmp / "out" / f"{board}.dtb").exists()


@pytest.mark.parametrize("words, status, why", [
    (["dtbs", "host", "a", "b"], 1, "host: not a board with a kernel of its own"),
    (["dtbs", "../rk3399", "a", "b"], 2, "usage: kernel.sh"),
    (["make", "rk3399", "a", "b"], 2, "usage: kernel.sh"),
    (["dtbs", "rk3399"], 2, "usage: kernel.sh"),
    ([], 2, "usage: kernel.sh"),
])
def test_nonsense_is_refused(words, status, why, tmp_path):
    done = kernel(*[str(tmp_path / w) if len(w) == 1 else w for w in words])
    assert done.returncode == status and why in done.stdout
    assert list(tmp_path.iterdir()) == []

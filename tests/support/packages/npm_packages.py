"""Bundles the host pages of `npm/src` with esbuild. The packages are the unmodified ones that shops use."""

from __future__ import annotations

from pathlib import Path

from tests.support.packages.node_packages import Packages, node

PACKAGES = Packages(Path(__file__).parents[2] / "browser" / "npm")


def bundle(target: Path) -> Path:
    """Bundle every host page of `npm/src` into `target` and return it."""
    modules = PACKAGES.install()
    sources = sorted(str(path) for path in (PACKAGES.folder / "src").glob("*.jsx"))
    PACKAGES.run(
        [
            node(),
            str(modules / "esbuild" / "bin" / "esbuild"),
            *sources,
            "--bundle",
            "--format=esm",
            "--jsx=automatic",
            "--target=es2022",
            '--define:process.env.NODE_ENV="development"',
            "--log-level=error",
            f"--outdir={target}",
        ]
    )
    return target


def axe() -> str:
    """Return axe-core's source."""
    return (PACKAGES.install() / "axe-core" / "axe.min.js").read_text("utf-8")

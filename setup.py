"""Builds the C++17 core and packs the recipes of corpora; everything else is in setup.cfg."""

import os
from glob import glob

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension
from setuptools import setup
from setuptools.command.build_py import build_py

# psabi: vectors stay inside one translation unit. math-errno: nobody reads errno, and without it roots vectorise.
flags = ["-O3", "-fno-math-errno", "-Wall", "-Wextra", "-Wno-psabi"]
extension = Pybind11Extension(
    "cws._native",
    sorted(glob("cws/native/**/*.cpp", recursive=True)),
    depends=glob("cws/native/**/*.h", recursive=True),
    include_dirs=["cws/native"],  # includes name the room: "chain/viterbi.h"
    cxx_std=17,
    extra_compile_args=flags,
)
ParallelCompile(default=0).install()  # on all processors


class BuildPy(build_py):
    """Copies the recipes of corpora/ into the package; an editable install reads them where they are."""

    def run(self):
        super().run()
        if not getattr(self, "editable_mode", False):
            folder = os.path.join(self.build_lib, "cws", "data", "recipes")
            self.mkpath(folder)
            for recipe in sorted(glob("corpora/recipes/*.json")):
                self.copy_file(recipe, folder)


setup(ext_modules=[extension], cmdclass={"build_py": BuildPy})

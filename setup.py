"""Builds the C++17 core; everything else is in setup.cfg."""

from glob import glob

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension
from setuptools import setup

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
setup(ext_modules=[extension])

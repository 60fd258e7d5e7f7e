"""Builds the C++17 core; everything else is in setup.cfg."""

from glob import glob

from pybind11.setup_helpers import Pybind11Extension
from setuptools import setup

flags = ["-O3", "-Wall", "-Wextra", "-Wno-psabi"]  # psabi: vectors stay inside one translation unit
extension = Pybind11Extension(
    "cws._native",
    sorted(glob("cws/native/*.cpp")),
    depends=glob("cws/native/*.h"),
    cxx_std=17,
    extra_compile_args=flags,
)
setup(ext_modules=[extension])

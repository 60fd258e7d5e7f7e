"""Options of commands: renamed ones, defaults, and what is refused without PyTorch."""

from __future__ import annotations

import sys

import click
import pytest
from click.testing import CliRunner

from cws.cli import cli
from cws.cli.options import RenamedOption
from cws.errors import InputError
from cws.training.hmm_options import HmmOptions
from cws.training.neural_options import BertOptions, NeuralOptions
from cws.training.pretraining.options import PretrainOptions


@click.command()
@click.option("-n", "--new-name", cls=RenamedOption, old="--old", type=click.IntRange(1), default=7, help="Of it.")
def renamed(new_name: int) -> None:
    click.echo(new_name)


@pytest.mark.parametrize("arguments", [(), ("--new-name", "3"), ("-n", "3"), ("--new-name=3",)])
def test_cli_renamed_option_by_its_new_name_warns_of_nothing(arguments):
    result = CliRunner().invoke(renamed, arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "3\n" if arguments else "7\n", "")


@pytest.mark.parametrize("arguments", [("--old", "3"), ("--old=3",)])
def test_cli_renamed_option_by_its_old_name_works_and_warns(arguments):
    result = CliRunner().invoke(renamed, arguments)
    assert (result.exit_code, result.stdout) == (0, "3\n")
    assert result.stderr == "cws: warning: --old is now --new-name and goes with the next release\n"


def test_cli_renamed_option_by_both_names_is_wrong_usage():
    for arguments in (("--old", "3", "--new-name", "3"), ("--new-name", "3", "--old", "4")):
        result = CliRunner().invoke(renamed, arguments)
        assert result.exit_code == 2
        assert "--old is the old name of --new-name: give --new-name alone" in result.stderr


def test_cli_renamed_option_has_one_name_in_the_help():
    shown = CliRunner().invoke(renamed, ["--help"]).stdout
    assert "-n, --new-name INTEGER RANGE" in shown
    assert "--old" not in shown


def test_cli_renamed_option_is_checked_as_the_new_one():
    result = CliRunner().invoke(renamed, ["--old", "0"])
    assert result.exit_code == 2
    assert "0 is not in the range" in result.stderr


@pytest.mark.parametrize("command", ["train", "pretrain"])
def test_cli_rate_is_the_old_name_of_learning_rate(command):
    assert "--rate" not in CliRunner().invoke(cli, [command, "--help"]).stdout
    result = CliRunner().invoke(cli, [command, "x", "--rate", "7e-3", "--learning-rate", "7e-3"])
    assert result.exit_code == 2
    assert "--rate is the old name of --learning-rate" in result.stderr


def test_cli_train_refuses_what_means_nothing_by_its_new_name():
    result = CliRunner().invoke(cli, ["train", "--train", "x", "--rate", "0.1"])
    assert result.exit_code == 2
    assert "warning: --rate is now --learning-rate and goes with the next release" in result.stderr
    assert "--learning-rate is for bilstm" in result.stderr


def one_line(*arguments: str) -> str:
    return " ".join(CliRunner().invoke(cli, [*arguments, "--help"]).stdout.split())


def test_cli_help_has_the_defaults_of_the_options():
    shown = one_line("train")
    for name in ("epochs", "learning_rate", "crf_lr_multiplier"):
        assert f"[default: ({getattr(NeuralOptions, name):g}, bert {getattr(BertOptions, name):g});" in shown
    assert f"[default: {HmmOptions.iterations};" in shown
    assert f"[default: {NeuralOptions.batch_characters};" in shown
    pretraining = one_line("pretrain")
    for value in (PretrainOptions.steps, PretrainOptions.batch_size, PretrainOptions.learning_rate):
        assert f"[default: {value};" in pretraining


@pytest.mark.parametrize(
    "command", [("train", "--model", "cnn", "--no-jieba"), ("pretrain", "raw.txt", "--output", "encoder")]
)
def test_cli_without_torch_says_what_to_install(command, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "torch", None)
    result = CliRunner().invoke(cli, command)
    assert isinstance(result.exception, InputError)
    assert "neural models need pip install 'cws-toolkit[neural]'" in str(result.exception)

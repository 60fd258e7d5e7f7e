"""Commands and choices that say what was likely meant."""

from __future__ import annotations

from typing import Any

import click

from cws.errors import did_you_mean


class SuggestingGroup(click.Group):
    """A group of commands whose error names the nearest, with any version of click."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = str(args[0])
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = did_you_mean(name, self.list_commands(ctx))
            ctx.fail(f"No such command {name!r}." + (f" Did you mean {near!r}?" if near else ""))
        return super().resolve_command(ctx, args)


class SuggestingChoice(click.Choice):  # type: ignore[type-arg] # click 8.1 has no arguments of the type
    """A choice whose error names the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            if near := did_you_mean(str(value), map(str, self.choices)):
                raise click.BadParameter(f"{error.message} Did you mean {near!r}?", ctx, param) from None
            raise

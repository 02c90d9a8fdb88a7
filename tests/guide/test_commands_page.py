import click

from reconciler.cli.main import group
from reconciler.cli.options import PLAN_FORMATS
from tests.guide.commands_page import EXAMPLES, FORMATS, GROUPS, PAGE, commands_page


def all_commands() -> set[str]:
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    below = {
        f"{name} {inner}"
        for name, command in found.items()
        if isinstance(command, click.Group)
        for inner in command.list_commands(context)
    }
    return {name for name, command in found.items() if not isinstance(command, click.Group)} | below


def test_the_page_is_what_click_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == commands_page(), "run: python -m tests.guide.commands_page --rewrite"


def test_every_command_is_in_one_group_and_has_two_examples() -> None:
    grouped = [name for names in GROUPS.values() for name in names]

    assert sorted(grouped) == sorted(all_commands()) == sorted(EXAMPLES)


def test_the_page_names_every_format() -> None:
    assert {*FORMATS} == {*PLAN_FORMATS}

"""The command line: a few lines a command. The only part that reads environment variables."""

from __future__ import annotations

import click

from mockserver import __version__
from mockserver.cli import acting, auditing, looking, playing, running, serving


def main() -> None:
    """The entry point of the command."""
    cli(prog_name="telnyx-mockserver")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version")
def cli() -> None:
    """A voice platform in a box: a local simulator of the Telnyx Call Control API. Independent and unofficial.

    Every option of serve and run can also be set as an environment variable: --webhook-url is
    TELNYX_MOCKSERVER_WEBHOOK_URL, and so on.
    """


for command in (
    serving.serve,
    serving.exec_,
    serving.env,
    serving.ready,
    playing.check,
    playing.schema,
    running.run,
    auditing.audit,
    acting.call,
    acting.press,
    acting.say,
    acting.silence,
    acting.hold,
    acting.unhold,
    acting.hangup,
    looking.tail,
    looking.diagnose,
    looking.errors,
    looking.verify,
):
    cli.add_command(command)

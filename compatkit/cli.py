"""The command line: a group whose commands are loaded when they are called."""

import gc
import io
import os
import sys
from contextlib import suppress
from importlib import import_module

import click

from compatkit.addresses import DOCUMENTATION
from compatkit.commands.command import Group
from compatkit.errors import CompatkitError
from compatkit.urls import redact
from compatkit.version import __version__

INTERRUPTED = 130  # what shells give a program that Ctrl-C ended
COMMANDS = {
    "convert": ("compatkit.commands.convert", "A harness's log as compatkit's own JSON Lines."),
    "formats": ("compatkit.commands.formats", "What is read, with an example of each."),
    "gate": ("compatkit.commands.gate", "Stop an update that breaks more than it may."),
    "history": ("compatkit.commands.history", "Since when it is broken, over several versions."),
    "muscle": ("compatkit.commands.muscle", "Train an adapter of a new model that breaks less."),
    "power": ("compatkit.commands.power", "How many examples a gate on negative flips needs."),
    "run": ("compatkit.commands.run", "From a checkpoint and a task to a prediction file."),
    "score": ("compatkit.commands.score", "What an update broke, from two prediction files."),
}


class LazyGroup(Group):
    """A group that imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command by its name."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        if not gc.isenabled():  # called by `main`: what stays loaded is no garbage, now or later
            gc.freeze()
            gc.enable()
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; where its help alone is asked for, it is not imported."""
        from compatkit.commands.help_pages import find_page  # noqa: PLC0415  (json)

        shown = find_page(args)
        return super().resolve_command(ctx, args) if shown is None else (*shown, args[-1:])

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


def _show_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(f"compatkit, version {__version__}")
        if ctx.params["verbose"]:
            from compatkit.kernel import describe_kernel  # noqa: PLC0415

            click.echo(f"ROUGE, BLEU, chrF and TER are counted {describe_kernel()}.")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"Documentation: {DOCUMENTATION}/",
    examples=(
        "compatkit score old.jsonl new.jsonl -o report.html",
        "compatkit gate old.jsonl new.jsonl --max-nfr 2%",
        "compatkit formats",
    ),
)
@click.option(
    *("-v", "--verbose"),
    is_flag=True,
    is_eager=True,
    help="With --version: whether the compiled kernel counts, too.",
)
@click.option(
    *("-V", "--version"),
    is_flag=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def command_line(verbose: bool) -> None:
    """Tell what a model update broke: the answers that were right and are now wrong.

    Exit codes: 0 measured, 2 could not measure (bad usage, bad data, missing examples); gate: 0
    within the budget, 1 beyond it, 3 too few examples to tell.
    """
    if verbose:
        raise click.UsageError("-v before a command belongs to --version alone.")


def main() -> None:
    """Run the command line; an error of compatkit, or of the system, is one message and code 2."""
    # Numbers here are counted and drawn, not multiplied: starting threads for that costs more
    # time than all else that a small comparison does.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # While modules load nothing of them is garbage, and to look for it takes long.
    gc.disable()
    try:
        code = command_line(prog_name="compatkit", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        click.echo(redact(shown.getvalue()), err=True, nl=False)
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(INTERRUPTED)
    except CompatkitError as error:
        _fail(str(error))
    except MemoryError:
        _fail(
            "out of memory: the files and the work on them do not fit. Compare fewer files at a "
            "time, or lower --resamples."
        )
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        if not error.filename:
            _drop_output()
        _fail(f"{where}{error.strerror or error}.")
    except Exception:  # noqa: BLE001  (whatever it is, nothing was measured: never exit code 1)
        import traceback  # noqa: PLC0415

        sys.stderr.write(redact(traceback.format_exc()))
        _fail("a fault of compatkit itself, which the lines above tell. Please report it.")
    finally:
        # The process ends: to search all that it holds for garbage once more takes a fifth of a
        # small comparison's time.
        gc.freeze()
        gc.enable()


def _drop_output() -> None:
    """Let what waits to be written go, which would fail again at the end."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> None:
    from compatkit.reports.hostile import visible  # noqa: PLC0415

    click.echo(f"compatkit: {visible(redact(message))}", err=True)
    sys.exit(2)

"""Make the folder of a module that can be pushed to the Hugging Face Hub as a Space.

python -m compatkit.evaluate_modules negative_flip_rate spaces --repository USER/negative_flip_rate
"""

import click

from compatkit.errors import CompatkitError
from compatkit.evaluate_modules import MODULES
from compatkit.evaluate_modules.space import make_space


@click.command(help=__doc__)
@click.argument("name", type=click.Choice(list(MODULES)))
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--repository", default="", metavar="USER/NAME", help="On the Hub.")
def main(name: str, folder: str, repository: str) -> None:
    """Make the folder and print the commands that upload it; nothing is uploaded."""
    try:
        commands = make_space(name, folder, repository)
    except CompatkitError as error:
        raise click.ClickException(str(error)) from error
    click.echo("\n".join(commands))


if __name__ == "__main__":
    main()

"""The options that commands share."""

import click

profile_option = click.option(
    "-p",
    "--profile",
    default="",
    metavar="KEY",
    help="Profile that brings classifiers and collection; beats DEFAULT_PROFILE.",
)
target_option = click.option(
    "-t",
    "--target",
    default="",
    metavar="COLLECTION",
    help="Collection to work on; by default the one named like the profile.",
)

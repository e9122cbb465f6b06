"""What people see in a terminal: progress bars while a song is made, and its facts when it is done."""

from orchestrator.cli.lines import plain
from orchestrator.cli.output.bars import counted, counting, progress
from orchestrator.cli.output.costs import print_costs, print_forecast
from orchestrator.cli.output.screen import print_song
from orchestrator.cli.output.tables import MOST_COUNTED, print_findings, print_list, print_recordings
from orchestrator.cli.output.text import clock

__all__ = [
    "MOST_COUNTED",
    "clock",
    "counted",
    "counting",
    "plain",
    "print_costs",
    "print_findings",
    "print_forecast",
    "print_list",
    "print_recordings",
    "print_song",
    "progress",
]

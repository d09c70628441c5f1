"""Preloaded by the storm's parts: every job of its load says which process executes it."""

from groundwork.flows.contacts.process_csv import process_csv
from groundwork.flows.contacts.send_welcome import send_welcome
from tests.chaos.counter import count, count_in_order, count_together, count_when_told, crash, hear, weigh
from tests.chaos.storm import process_log

for each in (count, count_in_order, count_together, count_when_told, crash, hear, weigh, process_csv, send_welcome):
    each.on_running(process_log.note)

"""A storm: real processes under load are killed, stopped and cut off from each other; nothing may be lost or doubled.

Read :mod:`~tests.chaos.storm.storm` first; what counts as lost, doubled, out of order or over a limit is in
:mod:`~tests.chaos.storm.judge`.
"""

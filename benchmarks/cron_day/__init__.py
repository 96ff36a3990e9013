"""A day of cron over an emulated Labelbox, with a fast clock, twenty people, and everything broken.

    python -m benchmarks.cron_day [--hours 24] [--seed 0] [--rough 0.5]

A sync every five minutes; each is a process of its own. People answer before each run and while it
is at work, err, skip, edit and delete; items are added and deleted, a class is renamed. In a share
of the ticks something is broken on purpose: calls answer 429, 500, 502 or 503, hang, are reset or
cut short, or are done and their answer lost; exports show answers late; a run dies by SIGKILL at a
random effect; a clock is set; the key is withdrawn and another given out. Now and then two or
three runs start at once. In the end nothing is broken any more, and two full syncs later each
promise is looked at. The exit code is 1 if one was broken.
"""

"""What operators look at, as values for the command line, the desk and alerts.

health_reasons what is wrong, since when and why: /healthz
source_states  the state of each source in a word, since when, and remarks
attention      everything that needs an operator, the most urgent first
silent_rules   rules that used to place stories and no longer do
topic_preview  what rules would change among all stored stories
pulse          what is coming in: by day, by topic, how soon

It reads the store and changes nothing.
"""

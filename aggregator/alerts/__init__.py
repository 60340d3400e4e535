"""Alerts: tell operators when something starts to need them, and when it is resolved.

events     what has started and what is resolved, by what needs attention now
wording    the words of mails and webhooks
weekly     the summary of a week
notifier   checks, queues messages with what they report, and delivers them

A message is stored in one transaction with the alerts that it reports, and removed when it is
delivered: after a crash it may arrive twice, but it is never lost.
"""

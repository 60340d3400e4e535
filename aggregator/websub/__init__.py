"""Telling others: our own hub, and pings to hubs of others (WebSub, W3C Recommendation 2018).

    POST /hub --rules--> intent | verify --> subscriber
    a list has changed | hear --> what is owed | deliver, ping --> done, tried again, or dropped

`rules` decide, `rounds` act; whatever is owed stands in the store before anybody is told, so a
restart loses nothing. Callbacks are called under the rules of every request of ours.
"""

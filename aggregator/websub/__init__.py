"""WebSub (W3C Recommendation, 2018): our hub, and our subscriptions to other hubs.

    hub         our own hub: POST /hub -> request | verify -> subscriber
                a list has changed | notify -> due deliveries | deliver, or ping external hubs
    protocol    what a hub decides: who may subscribe, what is sent, when to give up
    topic_urls  the feeds that can be subscribed to, by their URLs
    subscriber  our subscriptions: a feed announces a hub | request | verify | it delivers

Everything that is due is in the store before any request is sent, so a restart loses nothing.
Callbacks are called under the same limits as feeds are fetched. The HTTP endpoints are in `web`.
Numbers in parentheses refer to sections of the Recommendation.
"""

"""The line in: what an outlet publishes becomes stories in the store.

Each step is a file that takes values and returns values; only `fetch` touches the world,
and only `pipeline.run` knows the order of the steps. A step never imports another step,
the store, the configuration or the publisher. `identity` is no step but what several of
them know about names of articles.
"""

"""Step 6: the topics that a story belongs to, and why.

    rules         sources, categories, rules and operators' overrides -> placements
    recategorize  the same for stored stories, as a difference
    monitoring    rules that have fallen silent, stories without a topic
    learned/      topics that learn from examples (an optional extra)

Nothing here reads the store.
"""

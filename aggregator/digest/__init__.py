"""The digest: the stories of a day or a week by mail, to everybody who has signed up.

    due subscribers --compose--> issues, queued mails --outbox--> mail server

due_times    when a digest falls due     signed_links   links in mails, and their placeholders
compose      which stories, for whom     outbox         one mail at a time, none twice
addresses    which ones are accepted     sign_up        subscribe, confirm, choose, leave
"""

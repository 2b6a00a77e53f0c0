"""What a stopped Galen's outbox holds: count_parcels.py FILE. Prints JSON: how many parcels of notifications
there are, how many of them stand for the same notification to the same user, and each broadcast's share."""

import collections
import json
import sqlite3
import sys

db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
parcels = collections.Counter()
for user, params in db.execute("SELECT user_id, params FROM parcels WHERE code = 'notification'"):
    named = {name: next(iter(value.values())) for name, value in json.loads(params)}
    parcels[(named["notification_id"], user)] += 1
each = collections.Counter(notification for notification, _ in parcels)
walks = db.execute("SELECT state, count(*), sum(queued), sum(sent) FROM fan_outs WHERE channel = 'email' GROUP BY state")
print(
    json.dumps(
        {
            "parcels": sum(parcels.values()),
            "twice": sum(1 for times in parcels.values() if times > 1),
            "each": each,
            "walks": {state: {"count": count, "queued": queued, "sent": sent} for state, count, queued, sent in walks},
        }
    )
)

"""What pools are made of: this process, workers in others, and values on their way to them."""

from globscope.workers.messages import (
    Done as Done,
    Failed as Failed,
    Ready as Ready,
    Report as Report,
    is_from_worker as is_from_worker,
    pickle_outcome as pickle_outcome,
)
from globscope.workers.pickles import (
    pickle_by_path as pickle_by_path,
    pickle_by_value as pickle_by_value,
    pickle_for_worker as pickle_for_worker,
)
from globscope.workers.remote_worker import RemoteWorker as RemoteWorker
from globscope.workers.remote_workers import RemoteWorkers as RemoteWorkers
from globscope.workers.sent_item import SentItem as SentItem
from globscope.workers.this_process import ThisProcess as ThisProcess

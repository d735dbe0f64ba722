"""Networks that leave a study: chosen on its maps and among its members, with their buffers, fields and origin."""

from globscope.pipeline.take.choice import Choice as Choice
from globscope.pipeline.take.network import TakenNetwork as TakenNetwork, take as take
from globscope.pipeline.take.request import NetworkRequest as NetworkRequest
from globscope.pipeline.take.save import SaveOptions as SaveOptions

"""Networks that leave a study: chosen on its maps and among its members, with their buffers, fields and origin."""

from globscope.study.take.choice import Choice as Choice
from globscope.study.take.network import TakenNetwork as TakenNetwork, take as take
from globscope.study.take.request import NetworkRequest as NetworkRequest
from globscope.study.take.save import SaveOptions as SaveOptions

"""The figures by which maps are compared: their errors in the trained members, and where runs end on them."""

from globscope.api import Figure

COMPARISON = (
    Figure(
        key="mse_per_weight",
        label="MSE per weight",
        meaning="mean squared error per weight between the trained members and their decoded networks",
        better="low",
    ),
    Figure(
        key="unexplained_variance",
        label="Unexplained variance",
        meaning="that error as a share of the members' variance per weight",
        better="low",
    ),
    Figure(
        key="loss_gap_median",
        label="Loss gap, median",
        meaning="|true − decoded| training loss over the trained members",
        better="low",
    ),
    Figure(key="loss_gap_max", label="Loss gap, largest", meaning="the same, for the worst member", better="low"),
    Figure(
        key="accuracy_gap_median",
        label="Accuracy gap, median",
        meaning="|true − decoded| training accuracy",
        better="low",
    ),
    Figure(
        key="accuracy_gap_max", label="Accuracy gap, largest", meaning="the same, for the worst member", better="low"
    ),
    Figure(
        key="trustworthiness",
        label="Trustworthiness",
        meaning="whether neighbours on the map are neighbours in weight space (Venna & Kaski, 2001); 1 is best",
        better="high",
    ),
    Figure(key="leaves", label="Leaves", meaning="basins deeper than the persistence threshold"),
    Figure(
        key="leaves_trusted",
        label="Leaves, trusted",
        meaning="basins inside the trusted region; the others lie where the map extrapolates",
    ),
    Figure(
        key="basins_of_variants",
        label="Basins the runs end in",
        meaning="distinct basins that hold the runs' last networks",
    ),
    Figure(
        key="runs_not_on_map",
        label="Runs not on the map",
        meaning="runs whose last network the map does not show, so that it lies in no basin",
        better="low",
    ),
    Figure(
        key="nonfinite",
        label="Samples not finite",
        meaning="samples whose loss is NaN or infinite; they are kept, but not part of the tree",
    ),
)

"""How much the landscapes of a map's refits differ."""

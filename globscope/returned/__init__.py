"""Checks of what components return; errors name the component and its distribution."""

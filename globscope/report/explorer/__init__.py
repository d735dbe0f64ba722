"""The explorer: one file in which a study's maps, merge trees and passes are explored, without a network."""

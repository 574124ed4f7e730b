module github.com/Mimir-AIP/Mimir-AIP-Go

go 1.18

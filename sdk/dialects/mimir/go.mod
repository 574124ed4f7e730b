module github.com/Mimir-AIP/Mimir-AIP-Go

go 1.19

require mortise v0.0.0

replace mortise => ../../go

module tenantseal/interop/peer

go 1.19

require github.com/silenceper/wechat/v2 v2.1.10

require golang.org/x/crypto v0.0.0-20220622213112-05595931fe9d // indirect

# Makes the table of abuse.c from tenantseal_ffi.h: a line for every function, with the kind of each of its arguments.
function trim(text) { gsub(/^ +| +$/, "", text); return text }

/^[a-z].*\);$/ && !/^typedef/ {
    open = index($0, "(")
    head = substr($0, 1, open - 1)
    args = substr($0, open + 1, length($0) - open - 2)
    name = head; sub(/.*[ *]/, "", name)
    returns = index(head, "tenantseal_status ") == 1 ? 1 : 0
    count = args == "void" ? 0 : split(args, parts, ",")
    line = ""; last_in = ""
    for (i = 1; i <= count; i++) {
        arg = trim(parts[i])
        word = arg; sub(/.*[ *]/, "", word)
        type = substr(arg, 1, length(arg) - length(word)); type = trim(type)
        kind = "NUMBER"; detail = "0"
        if (type ~ /tenantseal_[a-z_]+ \*\*$/) {
            kind = "OUT_HANDLE"; detail = type; sub(/ \*\*$/, "", detail); detail = "T_" detail
        } else if (type ~ /tenantseal_[a-z_]+ \*$/) {
            kind = "HANDLE"; detail = type; sub(/^const /, "", detail); sub(/ \*$/, "", detail); detail = "T_" detail
        } else if (type ~ /^const tenantseal_[a-z_]+ \*const \*$/) {
            kind = "IN_HANDLES"; detail = type; sub(/^const /, "", detail); sub(/ \*const \*$/, "", detail); detail = "T_" detail
        } else if (type == "const uint8_t *") {
            kind = "IN"; last_in = word
        } else if (type ~ /^const .*\*$/) {
            kind = "IN_ARRAY"
        } else if (type == "uint8_t *" || (type == "int64_t *" && i < count && parts[i + 1] ~ /_cap$/)) {
            kind = "OUT"; detail = type == "uint8_t *" ? "1" : "8"
        } else if (type == "size_t" && word ~ /_cap$/) {
            kind = "CAP"
        } else if (type == "size_t *" && word ~ /_len$/) {
            kind = "OUT_LEN"
        } else if (type == "size_t" && word == last_in "_len") {
            kind = "IN_LEN"
        } else if (type == "uint64_t *" && word == "out_offsets") {
            kind = "OUT_ITEMS"
        } else if (type ~ /\*$/) {
            size = type; sub(/ \*$/, "", size)
            kind = (word == "out_position" || word == "out_field") ? "OUT_DETAIL" : "OUT_NUMBER"; detail = "sizeof(" size ")"
        } else if (word == "count") {
            kind = "COUNT"
        }
        line = line "{" kind ", " detail "}, "
    }
    printf "{\"%s\", (any_function)%s, %d, %d, {%s}},\n", name, name, returns, count, line == "" ? "{NUMBER, 0}" : line
}

package io.tenantseal;

import java.util.ArrayList;
import java.util.List;

/** The rows that a call found. */
final class Rows extends Handle {
    Rows(long handle) {
        super(handle, Library::tenantseal_rows_free);
    }

    List<Record> records() {
        long count = Calls.number(this, out -> Library.tenantseal_rows_count(get(), out));
        List<Record> records = new ArrayList<>();
        for (long number = 0; number < count; number++) {
            records.add(new Record(this, number));
        }
        return records;
    }
}

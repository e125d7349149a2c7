package io.tenantseal;

import java.util.Map;

/** The columns to write. */
final class Fields extends Handle {
    private Fields(long handle) {
        super(handle, Library::tenantseal_fields_free);
    }

    static Fields of(Map<String, ?> values, String compartment) {
        Fields fields = new Fields(Calls.number(null, Library::tenantseal_fields_new));
        try {
            values.forEach(fields::set);
            if (compartment != null) {
                byte[] label = Calls.utf8(compartment);
                Calls.check(fields, Library.tenantseal_fields_set_compartment(fields.get(), label, label.length));
            }
            return fields;
        } catch (RuntimeException e) {
            fields.close();
            throw e;
        }
    }

    private void set(String column, Object value) {
        byte[] name = Calls.utf8(column);
        Calls.check(this, status(name, value));
    }

    private int status(byte[] name, Object value) {
        if (value == null) {
            return Library.tenantseal_fields_set_null(get(), name, name.length);
        }
        if (value instanceof String) {
            byte[] text = Calls.utf8((String) value);
            return Library.tenantseal_fields_set_text(get(), name, name.length, text, text.length);
        }
        if (value instanceof byte[]) {
            byte[] bytes = (byte[]) value;
            return Library.tenantseal_fields_set_bytes(get(), name, name.length, bytes, bytes.length);
        }
        if (value instanceof Long || value instanceof Integer) {
            return Library.tenantseal_fields_set_i64(get(), name, name.length, ((Number) value).longValue());
        }
        if (value instanceof Double || value instanceof Float) {
            return Library.tenantseal_fields_set_f64(get(), name, name.length, ((Number) value).doubleValue());
        }
        if (value instanceof Boolean) {
            return Library.tenantseal_fields_set_bool(get(), name, name.length, (Boolean) value ? 1 : 0);
        }
        throw new IllegalArgumentException("a column's value is a String, byte[], Long, Integer, Double, Float or Boolean");
    }
}

import io.tenantseal.Field;
import io.tenantseal.Keyring;
import io.tenantseal.Record;
import io.tenantseal.TenantVault;
import io.tenantseal.Vault;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Seals a cell and a row, and opens those of every language that was here before. Arguments: FOLDER PLACE */
public final class Exchange {
    public static void main(String[] arguments) throws Exception {
        Path folder = Paths.get(arguments[0]);
        String place = arguments[1];
        Keyring keys = Keyring.open(folder.resolve("keys.ts").toString(), "correct horse battery".getBytes("UTF-8"));
        Field name = keys.tenant("t-1001").field("member.name");
        byte[] sealed = name.sealText("from " + place, Long.parseLong(place)).getBytes(StandardCharsets.US_ASCII);
        Files.write(folder.resolve(place + ".cell"), sealed);
        Map<String, String> contact = new HashMap<>();
        contact.put("mobile", "1380013800" + place);
        contact.put("name", "from " + place);
        int opened = 0;
        try (Vault vault = Vault.open(folder.resolve("vault.db").toString(), keys);
                TenantVault rows = vault.tenant("t-1001");
                DirectoryStream<Path> cells = Files.newDirectoryStream(folder, "*.cell")) {
            rows.insert("member", contact);
            for (Path cell : cells) {
                String other = cell.getFileName().toString().replace(".cell", "");
                String expected = "from " + other;
                List<Record> found = rows.find("member.mobile", "exact", "+86 1380013800" + other);
                boolean same = !found.isEmpty() && found.stream().allMatch(row -> expected.equals(row.text("name")));
                if (!same || !expected.equals(name.openText(Files.readAllBytes(cell), Long.parseLong(other)))) {
                    throw new IllegalStateException("java does not open " + other);
                }
                opened++;
            }
        }
        System.out.println("java opened " + opened);
    }
}

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("enterprises", "0001_initial")]
    operations = []
